"""Batches made ahead of the training: by threads and by processes the same, in order."""

import numpy as np
import pytest

from training.ahead import AHEAD, made_ahead


class Counted:
    """Batch `index` is all of that number."""

    def __len__(self) -> int:
        return 3 * AHEAD

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        return np.full((2, 4, 4, 1), index, np.float32), np.full((2, 7), index / 7, np.float32)


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
@pytest.mark.parametrize("processes", [False, True])
def test_all_batches_come_in_order(processes: bool) -> None:
    batches = list(made_ahead(Counted(), processes))
    assert len(batches) == 3 * AHEAD
    for index, (pictures, targets) in enumerate(batches):
        wanted_pictures, wanted_targets = Counted()[index]
        assert pictures.dtype == np.float32
        np.testing.assert_array_equal(pictures, wanted_pictures)
        np.testing.assert_array_equal(targets, wanted_targets)


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
@pytest.mark.parametrize("processes", [False, True])
def test_what_goes_wrong_in_a_worker_is_raised_here(processes: bool) -> None:
    class Broken(Counted):
        def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
            raise ValueError(f"picture {index}")

    with pytest.raises(ValueError, match="picture 0"):
        list(made_ahead(Broken(), processes))
