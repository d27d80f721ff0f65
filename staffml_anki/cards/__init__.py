"""How a question becomes a note: safe HTML, note type, fields, tags, GUID. No I/O beyond reading the templates."""
