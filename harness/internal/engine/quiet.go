package engine

import (
	"sync"

	"github.com/testcontainers/testcontainers-go/log"
)

var quietOnce sync.Once

// quietContainers stops testcontainers from writing its own progress to
// stderr, where ours goes.
func quietContainers() {
	quietOnce.Do(func() { log.SetDefault(log.NewNoopLogger()) })
}
