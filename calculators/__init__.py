"""The calculation model: where a model fits, how fast it runs, what it costs.

Pure functions over plain values. Everything the browser loads uses the standard library only;
`cli`, `load` and `data_files` are for CPython.
"""

ENGINE_VERSION = "0.1.0"
