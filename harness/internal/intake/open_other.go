//go:build !unix

package intake

import "os"

// readOnly is how files that are not ours are opened. There are no pipes in
// folders here.
const readOnly = os.O_RDONLY
