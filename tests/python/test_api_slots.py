"""The fast way into the engine is installed, and holds for objects that were never opened."""

import types
from collections.abc import Callable
from typing import Any

import every_use
import pytest
import skiplith

SLOTS = [
    "__getitem__",
    "__setitem__",
    "__delitem__",
    "__contains__",
    "__len__",
    "__bool__",
    "__iter__",
]
FAST_METHODS = ["get", "put", "delete", "get_many", "put_many"]


@pytest.mark.parametrize("name", SLOTS)
def test_mapping_protocol_is_type_slots(name: str) -> None:
    assert type(vars(skiplith.DB)[name]) is types.WrapperDescriptorType


@pytest.mark.parametrize("name", FAST_METHODS)
def test_hot_methods_are_method_descriptors(name: str) -> None:
    assert type(vars(skiplith.DB)[name]) is types.MethodDescriptorType


@pytest.mark.parametrize(
    "bound", [skiplith.KeysRange, skiplith.ValuesRange, skiplith.ItemsRange, skiplith.Cursor]
)
def test_no_public_method_goes_through_the_binding_librarys_dispatch(bound: type) -> None:
    dispatched = {
        name
        for name, value in vars(bound).items()
        if type(value).__name__ == "instancemethod" and not name.startswith("_pybind11")
    }
    assert dispatched == set()


def test_iterators_step_through_a_slot() -> None:
    assert type(vars(skiplith.RangeIterator)["__next__"]) is types.WrapperDescriptorType


class SkipsInit(skiplith.DB):
    def __init__(self) -> None:
        pass


def never_opened() -> skiplith.DB:
    return skiplith.DB.__new__(skiplith.DB)


def never_opened_of_two_classes() -> skiplith.DB:
    class Other(skiplith.DB):
        pass

    class Both(SkipsInit, Other):
        pass

    return Both.__new__(Both)


@pytest.mark.parametrize("use", every_use.ALL | every_use.ABOUT)
@pytest.mark.parametrize("make", [never_opened, never_opened_of_two_classes])
def test_object_that_was_never_opened_says_so(make: Callable[[], skiplith.DB], use: str) -> None:
    with pytest.raises(skiplith.ClosedError, match="never opened"):
        (every_use.ALL | every_use.ABOUT)[use](make())


def test_subclass_that_skips_init_is_refused_at_once() -> None:
    with pytest.raises(TypeError, match="__init__"):
        SkipsInit()


@pytest.mark.parametrize("self", [None, 5, b"k", {}, object()])
def test_methods_refuse_other_selves(self: Any) -> None:
    with pytest.raises(TypeError, match="DB"):
        skiplith.DB.get(self, b"k")
    with pytest.raises(TypeError, match="DB"):
        skiplith.DB.__getitem__(self, b"k")
    with pytest.raises(TypeError, match="self"):
        skiplith.DB.__init__(self, "somewhere")


@pytest.mark.parametrize(
    "name",
    ["KeysRange", "ValuesRange", "ItemsRange", "RangeIterator", "Cursor", "Batch"],
)
def test_what_a_database_hands_out_is_made_by_it_alone(name: str) -> None:
    bound = getattr(skiplith, name)
    with pytest.raises(TypeError):
        bound()
    with pytest.raises(TypeError):
        bound.__new__(bound)
    with pytest.raises(TypeError):
        type("Derived", (bound,), {})
