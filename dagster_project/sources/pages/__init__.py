"""From questions to raw records: `fetch` asks, `journal` keeps every answer, `landing` makes records of them."""
