"""Applications of other frameworks on treadle; see the README of the folder above."""
