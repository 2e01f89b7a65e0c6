// Arguments that are one of a few names.
#pragma once

#include <initializer_list>
#include <string>
#include <utility>

#include "bindings/errors.h"

namespace skiplith::python {

template <typename T>
using Names = std::initializer_list<std::pair<const char*, T>>;

template <typename T>
T choice(PyObject* object, const char* what, const Names<T>& names, T otherwise) {
  if (object == nullptr) return otherwise;
  if (!PyUnicode_Check(object)) {
    throw_error(PyExc_TypeError, "%s must be a str, not %.200s", what, Py_TYPE(object)->tp_name);
  }
  std::string allowed;
  for (const auto& [name, value] : names) {
    if (PyUnicode_CompareWithASCIIString(object, name) == 0) return value;
    allowed += allowed.empty() ? "'" : ", '";
    allowed += name;
    allowed += "'";
  }
  throw_error(PyExc_ValueError, "%s must be one of %s, not %R", what, allowed.c_str(), object);
}

template <typename T>
const char* name_of(const Names<T>& names, T wanted) {
  for (const auto& [name, value] : names) {
    if (value == wanted) return name;
  }
  return "";
}

}  // namespace skiplith::python
