"""Servers from files: `formats` reads them, `entry` is what is taken of one server, `proposal` what that would change
here."""
