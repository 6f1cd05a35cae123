/** The dialog “Send a test event”: an input for each member that a type names, and the line as people will read it. */
import { ApiProblem, emit } from "../shared/api.js";
import { clone, keyed, say, slot, write } from "../shared/dom.js";
import { linkTo, newKey } from "../shared/sending.js";
import { parse, plainText } from "../values/exact.js";
import { legible, outside } from "../values/legible.js";
import { summaryPieces } from "../values/summary.js";
import { exampleOf, membersOf, payloadOf } from "./trial_members.js";

/** @import { Asked } from "../client/protocol.js" */
/** @import { Catalog } from "../shared/catalog.js" */
/** @import { Json } from "../values/exact.js" */
/** @import { Member } from "./trial_members.js" */

export class Trial {
  #dialog;
  #form;
  #type;
  #members;
  #send;
  /** @type {Catalog | undefined} */
  #catalog;
  #key = ""; // of one sending

  constructor(/** @type {HTMLDialogElement} */ dialog) {
    this.#dialog = dialog;
    this.#form = slot(dialog, "form", HTMLFormElement);
    this.#type = slot(dialog, "type", HTMLSelectElement);
    this.#members = slot(dialog, "members");
    this.#send = slot(dialog, "send", HTMLButtonElement);
    this.#type.addEventListener("change", () => this.#showMembers({ eventTypes: [], filters: {} }));
    this.#form.addEventListener("input", () => this.#changed());
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
  }

  /** Offers the types that may come from outside, first one of those asked for, with values that its filters ask for. */
  show(/** @type {Asked} */ asked, /** @type {Catalog} */ catalog) {
    this.#catalog = catalog;
    const types = [...catalog.types.values()].filter(({ external }) => external);
    keyed(this.#type, types, {
      key: ({ id }) => id,
      create: () => document.createElement("option"),
      update: (option, { id, label }) => {
        option.value = id;
        option.textContent = outside(label).outside;
      },
    });
    this.#type.value = asked.eventTypes.find((id) => catalog.isExternal(id)) ?? types[0]?.id ?? "";
    write(this.#dialog, { said: "" });
    this.#showMembers(asked);
    if (!this.#dialog.open) this.#dialog.showModal();
  }

  #showMembers(/** @type {Asked} */ { filters }) {
    const type = this.#catalog?.type(this.#type.value);
    this.#members.replaceChildren();
    this.#send.disabled = !type;
    if (!type) return;
    const example = exampleOf(type, filters);
    for (const member of membersOf(type)) this.#members.append(this.#row(member, example.get(member.name)));
    this.#changed();
  }

  #row(/** @type {Member} */ member, /** @type {Json | undefined} */ value) {
    const row = clone(member.isOpen ? "trial-text-template" : "trial-choice-template");
    const input = /** @type {HTMLInputElement | HTMLSelectElement} */ (slot(row, "input"));
    const list = member.isOpen ? slot(row, "options") : input;
    input.name = member.name;
    if (member.isNumber) input.setAttribute("inputmode", "decimal");
    if (member.isOpen) {
      list.id = `trial-${member.name}`;
      input.setAttribute("list", list.id);
    }
    for (const [option, label] of member.options) list.append(new Option(outside(label).outside, option));
    write(row, { label: outside(member.label), member: legible(member.name) });
    if (value !== undefined) input.value = plainText(value); // a choice begins with its first option
    return row;
  }

  get #text() {
    const type = this.#catalog?.type(this.#type.value);
    const values = new FormData(this.#form);
    return type ? payloadOf(membersOf(type), (name) => String(values.get(name) ?? "")) : "{}";
  }

  /** Shows the line; what is sent from now on is another event. */
  #changed() {
    this.#key = newKey("test");
    const data = /** @type {Map<string, Json>} */ (parse(this.#text));
    const line = summaryPieces(this.#catalog?.type(this.#type.value), { type: this.#type.value, data });
    say(slot(this.#dialog, "line"), line);
  }

  async #submit() {
    const said = slot(this.#dialog, "said");
    const text = `{"type":${JSON.stringify(this.#type.value)},"data":${this.#text},"idempotency_key":"${this.#key}"}`;
    this.#send.setAttribute("aria-busy", "true");
    said.classList.remove("problem");
    try {
      const { id } = await emit(text);
      this.#key = newKey("test");
      say(said, id ? "Sent as " : "Sent.");
      if (id) said.append(linkTo(id), ".");
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error;
      said.classList.add("problem");
      say(said, `Not sent: ${legible(error.message)}`);
    } finally {
      this.#send.removeAttribute("aria-busy");
    }
  }
}
