"""How things are found. The only folder that imports Whoosh; the index is a throw-away cache of the database."""
