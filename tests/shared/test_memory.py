"""Garbage collection of a process that loads its modules."""

import gc

from shared.memory import loading_modules


def test_what_is_loaded_is_not_searched_for_garbage_then_or_later() -> None:
    before = gc.get_freeze_count()

    with loading_modules():
        was_enabled = gc.isenabled()
        loaded = [[number] for number in range(1000)]

    assert not was_enabled
    assert gc.isenabled()
    assert gc.get_freeze_count() >= before + len(loaded)


def test_a_process_that_collects_no_garbage_stays_so() -> None:
    gc.disable()
    try:
        with loading_modules():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
