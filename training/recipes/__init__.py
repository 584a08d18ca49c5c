"""One file a recipe: the command, the time it takes and the score to expect are in its docstring."""
