"""The roof: one module a verb, and wiring; knows no rules of any kind."""
