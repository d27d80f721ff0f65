"""Where a note goes: recipes, the layout of decks, the order of new cards, deck options presets. Does no writing."""
