"""Result: what a result shows of itself, the head of its table."""

_N_ROWS = 5


class Result:
    """Base of results: they show a few rows of their tidy table instead of whole arrays."""

    def __repr__(self):
        head, table = self._head()
        return f"{head}\n{table.to_string(float_format='{:.4g}'.format)}"

    def _repr_html_(self):
        head, table = self._head()
        return f"<div><b>{head}</b>{table.to_html(float_format='{:.4g}'.format)}</div>"

    def _head(self):
        """Return the name of the result with its number of rows, and the first of these."""
        table = self.to_frame()
        n_rows = len(table)
        head = f"{type(self).__name__}: {n_rows:,} row{'s' * (n_rows != 1)}"
        if n_rows > _N_ROWS:
            head += f", the first {_N_ROWS}:"
        return head, table.head(_N_ROWS)
