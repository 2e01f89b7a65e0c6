// Files that fail when a test says so.
#pragma once

#include "io/faulty_files.h"
