"""What is done to a sound build, by the expectation that must then fail.

One module per module of `expectations/suites`; each adds its own `CORRUPTIONS`.
"""
