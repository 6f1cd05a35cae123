"""Search or jump: pages, event types, servers, lists of the admin and events, by a few words, from every page.

`finders` has what can be found, each judged by what the reader may see; another app registers its own. `views` answers.
"""
