package baseimage

import (
	"context"

	"github.com/distribution/reference"
)

// StandIns tells which of the images are on the engine as stand-ins, a line
// each. It brings nothing; what cannot be looked at is left out.
func (p *Provider) StandIns(ctx context.Context, refs []string) []string {
	var details []string
	for _, ref := range refs {
		named, err := reference.ParseNormalizedNamed(ref)
		if err != nil {
			continue
		}
		if img, ok, err := p.local(ctx, reference.TagNameOnly(named)); err == nil && ok && img.Detail != "" {
			details = append(details, img.Detail)
		}
	}
	return details
}
