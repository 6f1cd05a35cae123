"""The pages below /account: what people do with their own tokens, password and sessions, without JavaScript.

Only a session opens them, never a token. `token_form` also makes the admin's form. Templates are in
`templates/eventhub/account`.
"""
