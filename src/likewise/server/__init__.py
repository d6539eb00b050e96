"""The studio as a server on this machine: a page, an OpenAI-compatible API, and jobs.

    likewise serve

It listens on the loopback only, unless it is given an API key; SECURITY.md says what it promises.
"""
