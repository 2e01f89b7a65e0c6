// Methods, slots and attributes of the bound classes, as the interpreter calls them.
//
// pybind11 makes the classes and owns what their instances hold. Calls go past it: a call that it
// dispatches costs 450 ns where these cost 45; its message about a wrong number of arguments
// prints all arguments, and keys and values do not belong into messages; and as `self` it hands
// out uninitialized memory when __init__ never ran.
#pragma once

#include <array>
#include <string>

#include "bindings/errors.h"

namespace skiplith::python {

// The C++ object that an instance of a bound class holds. The interpreter has checked that `self`
// is such an instance before it calls a slot or a method; that its __init__ ran is for us to check.
template <typename T>
T& held(PyObject* self) {
  auto* instance = reinterpret_cast<py::detail::instance*>(self);
  if (instance->simple_layout) [[likely]] {
    if (instance->simple_holder_constructed) [[likely]] {
      return *static_cast<T*>(instance->simple_value_holder[0]);
    }
  } else {  // a Python class with several bound bases
    const auto place = instance->get_value_and_holder(py::detail::get_type_info(typeid(T)));
    if (place.holder_constructed()) return *place.template value_ptr<T>();
  }
  throw_closed("the object was never opened: its __init__ did not run");
}

// What a function asks for that needs the Python object too.
template <typename T>
struct Self {
  T& value;
  PyObject* object;
};

// One reference per parameter of the signature, null where none was given.
using Arguments = PyObject* const*;

// A method's name and parameters, read from the first line of its docstring, which is also what
// inspect.signature() shows: "put($self, key, value, *, sync=None)\n--\n\n...".
class Signature {
 public:
  static constexpr size_t kMaxParameters = 14;

  explicit Signature(const char* doc);  // lives as long as the process
  const char* name() const { return name_.c_str(); }

  // Sorts a call's arguments into `values` (kMaxParameters of them). `names` may be null.
  void sort(PyObject* const* given, size_t count, PyObject* names, PyObject** values) const {
    if (names == nullptr && count >= required_ && count <= positional_) [[likely]] {
      for (size_t i = 0; i < count; ++i) values[i] = given[i];
      for (size_t i = count; i < parameters_; ++i) values[i] = nullptr;
    } else {
      sort_any(given, count, names, values);
    }
  }

 private:
  void sort_any(PyObject* const* given, size_t count, PyObject* names, PyObject** values) const;
  size_t find(PyObject* name) const;

  std::string name_;
  std::array<PyObject*, kMaxParameters> names_{};  // interned
  size_t parameters_ = 0;
  size_t required_ = 0;
  size_t positional_ = 0;
  size_t positional_only_ = 0;
  bool takes_text_keys_ = false;  // **kw: there to say that text is no key
};

// How a function of the bindings takes its object: as T& or as Self<T>.
template <typename T>
struct SelfParameter;
template <typename T>
struct SelfParameter<T&> {
  static T& from(PyObject* self) { return held<T>(self); }
};
template <typename T>
struct SelfParameter<Self<T>> {
  static Self<T> from(PyObject* self) { return {held<T>(self), self}; }
};

template <auto function>
struct Method;
template <typename T, PyObject* (*function)(T, Arguments)>
struct Method<function> {
  static inline const Signature* signature = nullptr;
  static PyObject* call(PyObject* self, PyObject* const* given, Py_ssize_t count,
                        PyObject* names) noexcept {
    return guarded([&]() -> PyObject* {
      PyObject* values[Signature::kMaxParameters];
      signature->sort(given, static_cast<size_t>(count), names, values);
      return function(SelfParameter<T>::from(self), values);
    });
  }
};

// An entry of a class's method table; `doc` begins with the signature.
template <auto function>
PyMethodDef method(const char* doc) {
  static const Signature signature(doc);
  Method<function>::signature = &signature;
  return {signature.name(),
          reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(&Method<function>::call)),
          METH_FASTCALL | METH_KEYWORDS, doc};
}

template <auto function>
struct Slot;
template <typename R, typename T, typename... Rest, R (*function)(T, Rest...)>
struct Slot<function> {
  static R call(PyObject* self, Rest... rest) noexcept {
    return guarded([&] { return function(SelfParameter<T>::from(self), rest...); });
  }
};

// A type slot that calls `function`.
template <auto function>
inline constexpr auto slot = &Slot<function>::call;

template <auto function>
struct Getter;
template <typename T, PyObject* (*function)(T)>
struct Getter<function> {
  static PyObject* call(PyObject* self, void*) noexcept {
    return guarded([&] { return function(SelfParameter<T>::from(self)); });
  }
};

// An entry of a class's table of read-only attributes.
template <auto function>
PyGetSetDef attribute(const char* name, const char* doc) {
  return {name, &Getter<function>::call, nullptr, doc, nullptr};
}

inline PyObject* none() { return Py_NewRef(Py_None); }
inline PyObject* make_bool(bool value) { return Py_NewRef(value ? Py_True : Py_False); }

// `with`: __enter__ hands out the object itself.
template <typename T>
PyObject* enter(Self<T> self, Arguments) {
  return Py_NewRef(self.object);
}
inline constexpr const char* kEnterDoc = "__enter__($self, /)\n--\n\nThe object itself.";

// What copy and pickle ask first; `hint` says what to do instead.
template <typename T>
PyObject* refuse_copies(Self<T> self, Arguments) {
  throw_error(PyExc_TypeError, "a %.100s can be neither copied nor pickled: %s",
              Py_TYPE(self.object)->tp_name, T::kInsteadOfCopies);
}
inline constexpr const char* kReduceDoc =
    "__reduce_ex__($self, protocol, /)\n--\n\nRaises TypeError: there is no copying or pickling.";

}  // namespace skiplith::python
