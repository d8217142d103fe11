package imagebuild

import (
	"encoding/json"
	"fmt"

	"github.com/moby/buildkit/exporter/containerimage/exptypes"
	gateway "github.com/moby/buildkit/frontend/gateway/client"
)

// ownImage writes the tag into the image's config, as its comment, so that no
// two runs make the same image. An engine counts an image's names, and when one
// run removes the last of them while another one is making the same image, the
// other one's is gone too: seen on 20.10 as "failed to get digest".
func ownImage(res *gateway.Result, tag string) error {
	text, ok := res.Metadata[exptypes.ExporterImageConfigKey]
	if !ok {
		return nil // of several platforms: none of ours
	}
	var config map[string]json.RawMessage
	if err := json.Unmarshal(text, &config); err != nil {
		return fmt.Errorf("reading the image's config: %w", err)
	}
	comment, err := json.Marshal(tag)
	if err != nil {
		return fmt.Errorf("writing the image's config: %w", err)
	}
	config["comment"] = comment
	if text, err = json.Marshal(config); err != nil {
		return fmt.Errorf("writing the image's config: %w", err)
	}
	res.Metadata[exptypes.ExporterImageConfigKey] = text
	return nil
}
