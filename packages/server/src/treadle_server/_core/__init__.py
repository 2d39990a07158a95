"""The base of all other rooms: settings, errors, types, signals, state. Imports no other room."""
