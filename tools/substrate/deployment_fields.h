// The one table of what a deployment file may hold.
#pragma once

#include "engine/load/schema.h"

namespace portreeve::substrate {

const load::Object& deployment_object();

}  // namespace portreeve::substrate
