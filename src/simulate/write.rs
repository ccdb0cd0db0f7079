//! A study as files: what each would hold, as plain data. Whoever asked writes them.
