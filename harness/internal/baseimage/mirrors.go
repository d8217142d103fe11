package baseimage

import (
	"context"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
)

// sourcesOf are lines of a sources.list for the release: those that this
// machine's apt uses, or the distribution's own when apt does not say.
func sourcesOf(ctx context.Context, h host) []string {
	out, err := exec.CommandContext(ctx, "apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE) $(COMPONENT)", "Created-By: Packages").Output()
	var lines []string
	if err == nil {
		lines = parseTargets(string(out), h)
	}
	if len(lines) == 0 {
		lines = defaultSources(h)
	}
	return lines
}

// parseTargets chooses, from "URI RELEASE COMPONENT" lines, those of the
// distribution's own archive: other archives, such as Docker's, use a
// release's name too, but end in another folder.
func parseTargets(text string, h host) []string {
	archive := regexp.MustCompile(`^https?://.*/(debian|debian-security|ubuntu|ubuntu-ports)/?$`)
	releases := []string{h.codename, h.codename + "-updates", h.codename + "-security"}
	var lines []string
	for target := range strings.Lines(text) {
		f := strings.Fields(target)
		if len(f) != 3 || f[2] != "main" || !archive.MatchString(f[0]) || !slices.Contains(releases, f[1]) {
			continue
		}
		line := source(h, f[0], f[1])
		if !slices.Contains(lines, line) {
			lines = append(lines, line)
		}
	}
	if !slices.ContainsFunc(lines, func(l string) bool { return strings.HasSuffix(l, " "+h.codename+" main") }) {
		return nil // updates alone make no system
	}
	return lines
}

func defaultSources(h host) []string {
	if h.distribution == "Ubuntu" {
		const archive = "http://archive.ubuntu.com/ubuntu"
		return []string{source(h, archive, h.codename), source(h, archive, h.codename+"-updates"), source(h, archive, h.codename+"-security")}
	}
	const archive = "http://deb.debian.org/debian"
	return []string{source(h, archive, h.codename), source(h, archive, h.codename+"-updates"), source(h, archive+"-security", h.codename+"-security")}
}

// source is one line of a sources.list. The distribution's key is named when
// it is here under its usual name, by which the stand-in has it as well.
func source(h host, uri, release string) string {
	key := "/usr/share/keyrings/" + strings.ToLower(h.distribution) + "-archive-keyring.gpg"
	option := ""
	if _, err := os.Stat(key); err == nil {
		option = "[signed-by=" + key + "] "
	}
	return "deb " + option + uri + " " + release + " main"
}

// aptSettings are those of this machine's apt settings without which its
// mirrors may not be usable from elsewhere: options for the stand-in's apt,
// and proxies as environment variables, which are not kept in the image.
func aptSettings(ctx context.Context) (options, env []string) {
	out, err := exec.CommandContext(ctx, "apt-config", "dump").Output()
	if err != nil {
		return nil, nil
	}
	return parseAptSettings(string(out))
}

var aptSetting = regexp.MustCompile(`(?m)^Acquire::(Check-Valid-Until|Check-Date|http::Proxy|https::Proxy) "(.+)";$`)

func parseAptSettings(dump string) (options, env []string) {
	for _, m := range aptSetting.FindAllStringSubmatch(dump, -1) {
		switch m[1] {
		case "http::Proxy":
			env = append(env, "http_proxy="+m[2])
		case "https::Proxy":
			env = append(env, "https_proxy="+m[2])
		default:
			options = append(options, "Acquire::"+m[1]+` "`+m[2]+`"`)
		}
	}
	return options, env
}
