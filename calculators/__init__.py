"""The calculation model: where a model fits, how fast it runs, what it costs.

Pure functions over plain values. Everything the browser loads uses the standard library only; scripts/build_runtime.mjs
lists the modules that are for CPython alone.
"""

ENGINE_VERSION = "0.1.0"
