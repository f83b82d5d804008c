// Boost.JSON's own definitions, compiled here once: the gates link it statically.
#include <boost/json/src.hpp>
