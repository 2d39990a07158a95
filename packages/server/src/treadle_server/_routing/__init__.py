"""Routes, resources and the dispatcher that finds them."""
