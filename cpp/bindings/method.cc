#include "bindings/method.h"

#include <cstring>

#include "base/check.h"

namespace skiplith::python {

Signature::Signature(const char* doc) {
  const std::string_view text(doc);
  const size_t open = text.find('(');
  const size_t end = text.find(")\n--\n\n");
  SKIPLITH_CHECK(open != text.npos && end != text.npos);
  name_ = text.substr(0, open);
  bool keyword_only = false;
  for (size_t begin = open + 1; begin < end;) {
    const size_t comma = std::min(text.find(", ", begin), end);
    const std::string_view parameter = text.substr(begin, comma - begin);
    begin = comma + 2;
    if (parameter == "$self") continue;
    if (parameter == "/") {
      positional_only_ = parameters_;
    } else if (parameter == "*") {
      keyword_only = true;
    } else if (parameter.starts_with("**")) {
      takes_text_keys_ = true;
    } else {
      SKIPLITH_CHECK(parameters_ < kMaxParameters);
      const std::string name(parameter.substr(0, parameter.find('=')));
      names_[parameters_++] = ensure_made(PyUnicode_InternFromString(name.c_str()));
      if (!keyword_only) positional_ = parameters_;
      if (name.size() == parameter.size()) required_ = parameters_;
    }
  }
  SKIPLITH_CHECK(required_ <= positional_);
}

// Where the parameter of that name stands; parameters_ when there is none to be named so.
size_t Signature::find(PyObject* name) const {
  for (size_t i = positional_only_; i < parameters_; ++i) {
    if (names_[i] == name || PyUnicode_Compare(names_[i], name) == 0) return i;
  }
  return parameters_;
}

void Signature::sort_any(PyObject* const* given, size_t count, PyObject* names,
                         PyObject** values) const {
  if (count > positional_) {
    throw_error(PyExc_TypeError, "%s() takes at most %zu positional argument%s (%zu given)",
                this->name(), positional_, positional_ == 1 ? "" : "s", count);
  }
  for (size_t i = 0; i < parameters_; ++i) values[i] = i < count ? given[i] : nullptr;
  const Py_ssize_t named = names == nullptr ? 0 : PyTuple_GET_SIZE(names);
  for (Py_ssize_t n = 0; n < named; ++n) {
    PyObject* name = PyTuple_GET_ITEM(names, n);
    const size_t place = find(name);
    if (place == parameters_ && takes_text_keys_) {
      throw_error(PyExc_TypeError,
                  "%s(): keys must be bytes, and keywords are str: encode them, as in "
                  "%s({b\"key\": value})",
                  this->name(), this->name());
    }
    if (place == parameters_) {
      throw_error(PyExc_TypeError, "%s() got an unexpected keyword argument '%U'", this->name(),
                  name);
    }
    if (values[place] != nullptr) {
      throw_error(PyExc_TypeError, "%s() got multiple values for argument '%U'", this->name(),
                  name);
    }
    values[place] = given[count + static_cast<size_t>(n)];
  }
  for (size_t i = 0; i < required_; ++i) {
    if (values[i] == nullptr) {
      throw_error(PyExc_TypeError, "%s() missing required argument '%U'", this->name(), names_[i]);
    }
  }
}

}  // namespace skiplith::python
