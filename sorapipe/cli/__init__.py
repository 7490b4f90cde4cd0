"""The roof: one module a verb, one way out; knows no rules of its own."""
