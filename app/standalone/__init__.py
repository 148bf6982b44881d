"""One machine, one command: the whole platform under one supervisor, its servers from wheels, without root.

`state` is the folder that an instance lives in; `postgres` and `valkey` are its servers; `child` runs one program and
`supervisor` all of them; `site` says which programs there are and what each is told, `cores` how many cores each has.
`leash` sees that none outlives its parent.
"""
