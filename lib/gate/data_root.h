/*
 * data_root - where does dockerd keep its files?
 *
 * --data-root may be anywhere, also under a folder that a policy opens.  What is
 * in there is every container's root, and mounting it is mounting them all.
 * Pure; any thread.
 */
#ifndef AEGIS_LIB_GATE_DATA_ROOT_H
#define AEGIS_LIB_GATE_DATA_ROOT_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/json.h"

/*
 * Read it from what dockerd says of a container: its files are in
 * ROOT/containers/ID/, and with overlay2 its layers in ROOT/overlay2/.
 * Returns whether that told; if not, ret is "".  A path that does not fit tells
 * nothing.
 */
bool data_root_from_inspect(const struct json_node *inspect, char *ret,
			    size_t size);

#endif
