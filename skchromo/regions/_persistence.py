"""Saving, opening and pickling: the half of RegionArray that is about files."""

from ._store import REGION_PARTS, read, reopen, write


class Persistence:
    """Base of RegionArray: how it goes to files and to other processes."""

    # The opened file whose signal this is, and the twin that was pickled last.
    _store = None
    _pickled = None

    @property
    def stored_at(self):
        """Path of the opened file whose signal this is, str; None where it is in memory."""
        return None if self._store is None else self._store.path

    def save(self, path):
        """Write to a file that :meth:`load` opens without reading all of it.

        The file is an .npz that is not compressed (``np.load`` shows what is in it) and holds
        the regions that the rows use. It appears under its name when it is whole.

        Parameters
        ----------
        path : str or Path
            File to write, by custom ``*.npz``. An array that was saved there is replaced.

        Raises
        ------
        FileExistsError
            If something else is there.
        FileNotFoundError
            If there is no such folder.
        ValueError
            If a column of `genes` holds objects other than str, numbers, bool and None.

        Examples
        --------
        >>> import os, tempfile
        >>> import numpy as np
        >>> from skchromo import RegionArray
        >>> X = RegionArray.from_dense(np.ones((3, 8)), tracks=["ATAC"])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = os.path.join(folder, "H1.npz")
        ...     X.save(path)
        ...     opened = RegionArray.load(path)
        ...     opened[1:].shape, opened.stored_at == path, opened.equals(X)
        ((2, 1, 8, 1), True, True)
        """
        write(self, path)

    @classmethod
    def load(cls, path, mmap_mode="r"):
        """Open a file that :meth:`save` wrote.

        Parameters
        ----------
        path : str or Path
            File to open.
        mmap_mode : {"r", None}, default="r"
            "r" leaves the signal in the file and reads what is used when it is used: for arrays
            larger than memory. Such an array, or rows of it, is pickled as the path and its rows:
            where it is unpickled, the same file must be found there. None reads all into memory.

        Returns
        -------
        X : RegionArray
            On the signal in the file, or in memory.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If it is not a file of :meth:`save`, damaged or of a newer format. With "r", damage
            within the signal is not seen.

        Examples
        --------
        See :meth:`save`.
        """
        if mmap_mode not in ("r", None):
            raise ValueError(f'mmap_mode must be "r" or None, got {mmap_mode!r}')
        return read(cls, path, mmap_mode)

    def __getstate__(self):
        store = self._store
        if store is not None:
            ours = vars(self).items()
            state = {k: v for k, v in ours if v is not getattr(store, k, None) and k != "_store"}
            return {**state, "stored": (store.path, store.id)}
        twin = self._pickled
        if twin is None or not self.equals(twin):
            twin = self.compact()
            if twin is not self:
                # joblib writes an array that goes to several tasks once, if it is the same array
                # every time: so what is pickled is kept, for as long as it is still true.
                self._pickled = twin
        return {name: value for name, value in vars(twin).items() if name != "_pickled"}

    def __setstate__(self, state):
        state = dict(state)
        stored = state.pop("stored", None)
        if stored is not None:
            store = reopen(*stored)
            regions = {name: getattr(store, name) for name in ("signal", *REGION_PARTS)}
            state = {"_store": store, **regions, **state}
        vars(self).update(state)
