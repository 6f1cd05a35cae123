"""The matcher's index: which subscribers an event is for, exactly, and what it keeps of filters that are gone."""

from __future__ import annotations

import random
from array import array
from collections import Counter
from math import inf, nan
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from events.core.filters import Condition, Filter, matches
from subscriptions.matching import bounds, field_index
from subscriptions.matching.matcher import Matcher, Sizes
from tests.settings import examples


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a handful of filters splits leaves and nodes, and looks needles up by their grams."""
    monkeypatch.setattr(bounds, "LEAF", 2)
    monkeypatch.setattr(bounds, "FAN", 2)
    monkeypatch.setattr(field_index, "FEW_NEEDLES", 0)
    monkeypatch.setattr(field_index, "FEW_SLOTS", 1)
    monkeypatch.setattr(field_index, "GRAM", 2)


def asks(name: str, *values: str) -> Condition:
    return Condition(name, name, "in", False, values)


def at_least(name: str, bound: float) -> Condition:
    return Condition(name, name, "gte", True, (bound,))


def found(matcher: Matcher[str], **data: Any) -> list[str]:
    return sorted(matcher.match("type", data))


def test_each_subscriber_is_found_once_however_many_of_its_filters_match() -> None:
    matcher: Matcher[str] = Matcher()
    matcher.add("type", (asks("name", "a"),), "alice")
    matcher.add("type", (asks("name", "a", "b"),), "alice")
    matcher.add("type", (asks("name", "a", "b"),), "bob")
    assert found(matcher, name="a") == ["alice", "bob"]
    assert list(matcher.match("type", {"name": "c"})) == []


def test_a_filter_that_was_added_twice_stays_until_it_is_removed_twice() -> None:
    matcher: Matcher[str] = Matcher()
    filter = (asks("name", "a"),)
    for _ in range(2):
        matcher.add("type", filter, "alice")
    matcher.remove("type", filter, "alice")
    assert found(matcher, name="a") == ["alice"]
    matcher.remove("type", filter, "alice")
    assert found(matcher, name="a") == []


def test_identical_filters_of_many_subscribers_share_a_slot_and_are_found_without_a_copy() -> None:
    matcher: Matcher[str] = Matcher()
    for subscriber in ("alice", "bob", "carol"):
        matcher.add("type", (asks("name", "a"),), subscriber)
    assert matcher.sizes() == Sizes(types=1, slots=1, subscriptions=3, entries=1)
    view = matcher.match("type", {"name": "a"})
    matcher.remove("type", (asks("name", "a"),), "bob")
    assert sorted(view) == ["alice", "carol"]


def test_a_filter_without_conditions_gets_every_event_of_its_type_and_of_no_other() -> None:
    matcher: Matcher[str] = Matcher()
    matcher.add("type", (), "alice")
    assert found(matcher) == ["alice"]
    assert list(matcher.match("other", {})) == []


@pytest.mark.parametrize("operator", ["in", "contains", "gte", "lte"])
def test_a_condition_without_values_never_matches(operator: str) -> None:
    impossible = Condition("name", "name", operator, operator in ("gte", "lte"), ())
    matcher: Matcher[str] = Matcher()
    matcher.add("type", (impossible,), "alice")
    matcher.add("type", tuple(sorted((impossible, asks("other", "a")))), "alice")
    assert found(matcher, name="a", other="a") == []
    assert found(matcher, name=1, other="a") == []


@pytest.mark.parametrize("subscribers", [["alice"], ["alice", "carol"]])
def test_removing_what_was_not_added_is_an_error_and_changes_nothing(subscribers: list[str]) -> None:
    matcher: Matcher[str] = Matcher()
    for subscriber in subscribers:
        matcher.add("type", (asks("name", "a"),), subscriber)
    before = matcher.sizes()
    for event_type, filter, subscriber in [
        ("other", (asks("name", "a"),), "alice"),
        ("type", (asks("name", "b"),), "alice"),
        ("type", (asks("name", "a"),), "bob"),
    ]:
        with pytest.raises(KeyError):
            matcher.remove(event_type, filter, subscriber)
    assert matcher.sizes() == before
    assert found(matcher, name="a") == subscribers


def test_slots_of_filters_that_are_gone_are_used_again() -> None:
    matcher: Matcher[str] = Matcher()
    matcher.add("type", (), "anchor")
    for number in range(50):
        matcher.add("type", (asks("name", str(number)),), "alice")
        matcher.remove("type", (asks("name", str(number)),), "alice")
    assert len(matcher.types["type"].filters) == 2
    assert matcher.sizes() == Sizes(types=1, slots=1, subscriptions=1, entries=0)


def test_a_slot_comes_to_be_found_by_the_condition_that_fewest_others_share() -> None:
    matcher: Matcher[str] = Matcher()
    for number in range(20):
        matcher.add("type", (asks("common", "a"), asks("rare", str(number))), "alice")
    of_type = matcher.types["type"]
    for slot in range(20):
        of_type.reconsider(slot)
    assert {finder.data_key: len(finder.asking) for finder in of_type.finders.values()} == {"rare": 20}
    assert {cutter.data_key: len(cutter.asking) for cutter in of_type.cutters.values()} == {"common": 20}
    assert found(matcher, common="a", rare="7") == ["alice"]


@pytest.mark.parametrize("operator", ["gte", "lte"])
def test_bounds_are_met_exactly_by_any_number(operator: str) -> None:
    numbers = [-(10**30), -1.5, -0.0, 0, 1, 1.0, 2**53, 2**53 + 1, 1e300]
    alone = [Condition("name", "name", operator, True, (number,)) for number in numbers]
    beside = [(each, asks("other", str(position))) for position, each in enumerate(alone)]
    matcher: Matcher[int] = Matcher()
    for position, condition in enumerate(alone):
        matcher.add("alone", (condition,), position)
        matcher.add("beside", beside[position], position)
    others = [str(position) for position in range(len(numbers))]
    for value in [
        *numbers,
        nan,
        inf,
        -inf,
        10**400,
        True,
        "1",
        None,
        [],
        [1, 2**53],
        *([float("nan"), 1] for _ in range(20)),
    ]:
        data = {"name": value, "other": others}
        expected = {position for position, condition in enumerate(alone) if condition.holds(data)}
        assert set(matcher.match("alone", data)) == expected, value
        assert set(matcher.match("beside", data)) == expected, value
        one_by_one = [matcher.match("beside", {"name": value, "other": other}) for other in others]
        assert {position for found in one_by_one for position in found} == expected, value


@pytest.mark.parametrize("text", ["abc", "abcde", "xyzabc", "xyabcz", "ab", "bc", "c", "", "ABC", "acb"])
def test_a_needle_is_found_wherever_in_a_text_it_stands(text: str) -> None:
    filters = [
        (Condition("name", "name", operator, False, (needle,)),)
        for operator in ("contains", "prefix")
        for needle in ("", "c", "bc", "abc", "abcd")
    ]
    matcher: Matcher[int] = Matcher()
    for number, filter in enumerate(filters):
        matcher.add("type", filter, number)
    expected = {number for number, filter in enumerate(filters) if matches(filter, {"name": text})}
    assert set(matcher.match("type", {"name": text})) == expected


def test_thousands_of_bounds_come_and_go_and_every_part_keeps_its_size() -> None:
    tree, held = bounds.tree(), set[tuple[float, int]]()
    for step in range(3000):
        if held and random.random() < (0.3 if step < 2000 else 0.9):
            gone = random.choice(sorted(held))
            held.remove(gone)
            tree.remove(*gone)
        else:
            new = (float(random.randrange(100)), step)
            held.add(new)
            tree.add(*new)
        if step % 50 == 0:
            check(tree, held)
    for each in sorted(held):
        tree.remove(*each)
    check(tree, set())
    assert tree.empty
    assert len(tree.children) == 1


def check(tree: bounds.Node, held: set[tuple[float, int]]) -> None:
    for value in (-1.0, 0.0, 17.0, 17.5, 99.0, inf):
        slots = {slot for part in tree.up_to(value) for slot in part}
        assert slots == {slot for bound, slot in held if bound <= value}
    for node in tree.children:
        assert isinstance(node, bounds.Node)
        assert len(node.children) <= bounds.FAN
        for leaf in node.children:
            assert isinstance(leaf, bounds.Leaf)
            assert len(leaf.bounds) == len(leaf.slots) <= bounds.LEAF
            assert isinstance(leaf.slots, array)


def test_no_bitmap_holds_the_run_containers_from_which_removing_is_slow() -> None:
    matcher: Matcher[int] = Matcher()
    for number in range(5000):
        matcher.add("found", (at_least("name", number),), number)
        matcher.add("cut", tuple(sorted((asks("other", str(number)), at_least("name", number)))), number)
    for indexes in (matcher.types["found"].finders, matcher.types["cut"].cutters):
        (bound_index,) = indexes.values()
        assert isinstance(bound_index, field_index.BoundIndex)
        tree = bound_index.bounds
        bitmaps = [bound_index.asking, *tree.below]
        bitmaps += [below for node in tree.children if isinstance(node, bounds.Node) for below in node.below]
        assert len(bitmaps) > 100
        assert sum(bitmap.get_statistics()["n_run_containers"] for bitmap in bitmaps) == 0


@pytest.mark.parametrize("operator", ["in", "contains", "prefix", "gte", "lte"])
def test_what_nobody_asks_for_any_more_is_forgotten_while_others_ask_something_of_the_field(operator: str) -> None:
    def filter(number: int) -> Filter:
        numeric = operator in ("gte", "lte")
        return (Condition("name", "name", operator, numeric, (number if numeric else f"needle {number}",)),)

    matcher: Matcher[str] = Matcher()
    for number in range(100):
        matcher.add("type", filter(number), "alice")
    assert matcher.sizes().entries == 100
    for number in range(1, 100):
        matcher.remove("type", filter(number), "alice")
    assert matcher.sizes() == Sizes(types=1, slots=1, subscriptions=1, entries=1)
    (finder,) = matcher.types["type"].finders.values()
    if isinstance(finder, field_index.TextIndex):
        assert len(finder.gram_of) == len(finder.sharing) == 1


TEXTS = ["", "a", "ab", "abc", "bc", "strasse"]
NUMBERS = [-1.5, 0, 1, 1.0, 2, 10**20]


def conditions(names: str, operators: list[str], number: bool, values: list[Any]) -> st.SearchStrategy[Condition]:
    return st.builds(
        lambda name, key, operator, values: Condition(name, key, operator, number, tuple(sorted(values))),
        st.sampled_from(names),
        st.sampled_from("ab"),
        st.sampled_from(operators),
        st.sets(st.sampled_from(values), max_size=3),
    )


CONDITIONS = conditions("vw", ["in", "contains", "prefix"], False, TEXTS) | conditions(
    "xy", ["in", "gte", "lte"], True, NUMBERS
)
FILTERS = st.lists(CONDITIONS, max_size=3, unique_by=lambda each: each.name).map(lambda each: tuple(sorted(each)))
SCALARS: st.SearchStrategy[Any] = st.sampled_from(
    ["", "A", "xABc", "abC", "BC", "Straße", "1", "true", *NUMBERS, True, None]
)
MEMBERS = SCALARS | SCALARS | st.lists(SCALARS, max_size=3) | st.just({"a": "a"})
EVENTS = st.lists(st.fixed_dictionaries({}, optional={"a": MEMBERS, "b": MEMBERS}), min_size=1, max_size=5)
TYPES = st.sampled_from(["one", "two"])

Added = tuple[str, Filter, int]


class MatcherMachine(RuleBasedStateMachine):
    added = Bundle("added")

    def __init__(self) -> None:
        super().__init__()
        self.matcher: Matcher[int] = Matcher()
        self.held: Counter[Added] = Counter()

    @rule(target=added, event_type=TYPES, filter=FILTERS, subscriber=st.integers(0, 3))
    def add(self, event_type: str, filter: Filter, subscriber: int) -> Added:
        self.matcher.add(event_type, filter, subscriber)
        self.held[event_type, filter, subscriber] += 1
        return event_type, filter, subscriber

    @rule(target=added, again=added, subscriber=st.integers(0, 3))
    def add_the_same_filter(self, again: Added, subscriber: int) -> Added:
        event_type, filter, _ = again
        self.matcher.add(event_type, filter, subscriber)
        self.held[event_type, filter, subscriber] += 1
        return event_type, filter, subscriber

    @rule(one=consumes(added))
    def remove(self, one: Added) -> None:
        self.matcher.remove(*one)
        self.held[one] -= 1
        self.held += Counter()

    @rule(events=EVENTS)
    def match(self, events: list[dict[str, Any]]) -> None:
        for event_type in ("one", "two"):
            for data in events:
                expected = {
                    subscriber
                    for type_id, filter, subscriber in self.held
                    if type_id == event_type and matches(filter, data)
                }
                answer = self.matcher.match(event_type, data)
                assert len(answer) == len(expected)
                assert set(answer) == expected

    @invariant()
    def counts_what_it_holds(self) -> None:
        sizes = self.matcher.sizes()
        assert sizes.types == len({event_type for event_type, _, _ in self.held})
        assert sizes.slots == len({(event_type, filter) for event_type, filter, _ in self.held})
        assert sizes.subscriptions == self.held.total()

    def teardown(self) -> None:
        for event_type in ("one", "two"):
            self.matcher.add(event_type, (), 9)
        for one in self.held.elements():
            self.matcher.remove(*one)
        assert self.matcher.sizes() == Sizes(types=2, slots=2, subscriptions=2, entries=0)
        for of_type in self.matcher.types.values():
            assert not of_type.finders
            assert not of_type.cutters
            crowds = of_type.subscribers.crowds
            assert set(crowds) == set(of_type.subscribers.crowded) <= {of_type.slots[()]}
        for event_type in ("one", "two"):
            self.matcher.remove(event_type, (), 9)
        assert self.matcher.sizes() == Sizes()


TestAnySequenceOfAddingAndRemoving = MatcherMachine.TestCase
TestAnySequenceOfAddingAndRemoving.settings = settings(max_examples=examples(80), stateful_step_count=30, deadline=None)
