"""What many look at is made once in a while, by one of them."""

import threading

from api.pages.keeping import Kept


def test_a_value_is_made_anew_once_it_is_old_or_forgotten() -> None:
    at, made = [0.0], iter(range(10))
    kept = Kept(lambda: next(made), 60.0, monotonic=lambda: at[0])
    first = [kept.get(), kept.get()]
    at[0] = 61.0
    later = kept.get()
    kept.forget()
    assert (first, later, kept.get()) == ([0, 0], 1, 2)


def test_while_one_makes_it_anew_the_others_get_the_old_one() -> None:
    at, goes_on, began = [0.0], threading.Event(), threading.Event()
    made = iter(range(10))

    def make() -> int:
        number = next(made)
        if number:
            began.set()
            goes_on.wait(10)
        return number

    kept = Kept(make, 1.0, monotonic=lambda: at[0])
    kept.get()
    at[0] = 2.0
    other = threading.Thread(target=kept.get)
    other.start()
    began.wait(10)
    assert kept.get() == 0
    goes_on.set()
    other.join()
    assert kept.get() == 1
