"""Modules in the forms that others read: one file per standard, all from the same facts. Published modules only, never demand or people."""
