package scenario

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/daybook-dev/daybook/harness/internal/check"
	"github.com/daybook-dev/daybook/harness/internal/containerrun"
)

// containerCommands start the image and look at the container.
var containerCommands = []Command{
	{Name: "start", Args: "[-declared PORT] [-ready PATH] [-env NAME=VALUE]…", most: -1, run: cmdStart,
		Doc: "Starts the image and waits until PATH (/healthz) answers 200. PORT is set to a random port. With -declared, PORT is not set, the image's EXPOSEd ports are published, and PORT has to be among them and answer. Without options the container is shared by the checks of the run. Fails when it does not answer."},
	{Name: "get", Args: "PATH", least: 1, most: 1, run: cmdGet,
		Doc: "Asks the container for PATH and keeps its answer. Fails unless the status is 200."},
	{Name: "uid", Args: "NUMBER", Judges: true, least: 1, most: 1, run: cmdUID,
		Doc: "Fails when a process of the container runs as another user, by the engine's process list. Group 0 is advised against."},
	{Name: "declares", Args: "PORT", Judges: true, least: 1, most: 1, run: cmdDeclares,
		Doc: "Fails unless PORT is among the TCP ports that the image declares; others are advised against."},
	{Name: "terminate", Args: "", Judges: true, most: 0, run: cmdTerminate,
		Doc: "Sends SIGTERM to the container. Fails when it has to be killed, or exits with another status than 0."},
}

func cmdStart(s *session, _ bool, args []string) error {
	declared, args, isDeclared := option(args, "declared")
	ready, args, isReady := option(args, "ready")
	if !isReady {
		ready = "/healthz"
	}
	env, args := assignments(args)
	if len(args) > 0 {
		return &UsageError{Command: "start", Text: "unknown option " + args[0]}
	}
	if _, err := s.bench.Image(s.ctx); err != nil {
		return err
	}
	return s.startFinding(s.start(declared, ready, env, isDeclared))
}

func (s *session) start(declared, ready string, env map[string]string, isDeclared bool) error {
	if !isDeclared && len(env) == 0 {
		svc, err := s.bench.Service(s.ctx, ready)
		if err != nil {
			return err
		}
		s.set("port", svc.Port)
		s.shared = svc.Container
		return nil
	}
	port := declared
	if !isDeclared {
		var err error
		if port, err = s.random.Draw("port"); err != nil {
			return err
		}
	}
	c, err := s.bench.StartContainer(s.ctx, s.imageTag(), port, ready, env, isDeclared)
	if err != nil {
		return err
	}
	if s.container != nil {
		s.container.Remove()
	}
	s.set("port", port)
	s.container = c
	return nil
}

// imageTag is the image that start starts: what a rebuild made, if there was
// one, else the run's.
func (s *session) imageTag() string {
	if s.image != nil {
		return s.image.Tag
	}
	return ""
}

// running is the container that commands look at.
func (s *session) running() (*containerrun.Container, error) {
	if s.container != nil {
		return s.container, nil
	}
	if s.shared != nil {
		return s.shared, nil
	}
	return nil, &UsageError{Command: "get, uid or terminate", Text: "start comes before it"}
}

// startFinding explains why a container did not come to answer.
func (s *session) startFinding(err error) error {
	var f *containerrun.StartFailure
	if !errors.As(err, &f) {
		return err
	}
	got := f.Reason
	if f.Log != "" {
		got += "\n" + f.Log
	}
	because, look := s.whyNotStarted(f)
	return s.fail("a container of the image to start and answer", got, because, look)
}

func (s *session) whyNotStarted(f *containerrun.StartFailure) (string, check.Place) {
	entry := s.bench.LineOf("ENTRYPOINT", "CMD")
	said := f.Reason + "\n" + f.Log // old engines start the process first, and it is told of in the log
	noFile := strings.Contains(said, "no such file or directory") || strings.Contains(said, "not found")
	if b, err := s.bench.Binary(s.ctx); err == nil && !b.Program.Static() && (noFile || f.ExitCode == 127) {
		return fmt.Sprintf("/%s is there, but the kernel could not load what it asks for: %s. “No such file” is said of the loader, not of the program. %s", b.File.Path, needed(b.Program), dynamicBecause), s.buildLine()
	} else if finding := (*check.Finding)(nil); errors.As(err, &finding) {
		return finding.Because, entry
	}
	switch {
	case strings.Contains(f.Reason, "unable to find user"), strings.Contains(f.Reason, "unable to find group"):
		return "The name of a user or a group is looked up in the image's own /etc/passwd and /etc/group, which an empty image does not have; a number needs no look-up. USER takes all that follows on its line: a # there begins no comment.", s.bench.LineOf("USER")
	case strings.Contains(f.Reason, "permission denied"):
		return "The program is there, but the user that the image names may not execute it: look at its mode and at USER.", s.bench.LineOf("COPY", "USER")
	case strings.Contains(f.Reason, "does not declare"):
		return "EXPOSE is how an image tells which ports `docker run -P` should publish. The service listens on this one when PORT is not set.", s.bench.LineOf("EXPOSE")
	case strings.Contains(said, "exec format error"):
		return "What ENTRYPOINT starts is no program for this machine's processor: it was compiled for another one (GOARCH, --platform), or it is a script.", entry
	case f.Exited:
		return "The process ended by itself; what it printed says why. ENTRYPOINT should start the service with no arguments.", entry
	case !f.Running:
		return "The engine could not even start the program that ENTRYPOINT and CMD name; what it says is above.", entry
	}
	return "The service listens on the port that the environment variable PORT names, on every address.", entry
}

func cmdGet(s *session, _ bool, args []string) error {
	c, err := s.running()
	if err != nil {
		return err
	}
	answer, err := c.Get(s.ctx, args[0])
	if err != nil {
		return s.startFinding(err)
	}
	s.source = "GET " + args[0]
	s.keep(answer.Body)
	const ok = 200
	if answer.Status != ok {
		return s.fail(s.source+" to be answered with status 200", fmt.Sprintf("status %d: %s", answer.Status, clip(s.raw)), "The service itself is given; look at what it is built from and how it is started.")
	}
	return nil
}

func cmdUID(s *session, _ bool, args []string) error {
	want, err := strconv.Atoi(args[0])
	if err != nil {
		return &UsageError{Command: "uid", Text: err.Error()}
	}
	right := func(uid int) bool { return uid == want }
	sample(s, "uid", sampleUsers, right)
	c, err := s.running()
	if err != nil {
		return err
	}
	processes, err := c.Processes(s.ctx)
	if err != nil {
		return s.startFinding(err)
	}
	for _, p := range processes {
		if !right(p.UID) {
			return s.fail(fmt.Sprintf("the process to run as UID %d", want), fmt.Sprintf("it runs as UID %d, by the engine's process list: %s", p.UID, clip(p.Command)),
				"A container's process is root unless USER names somebody else, and root on the host's kernel too: whoever breaks out of it is root there. A number works in an image that has no passwd file.", s.bench.LineOf("USER"))
		}
		if p.GID == 0 && len(s.advice) == 0 {
			s.advice = append(s.advice, fmt.Sprintf("The process is in group 0, since USER names no group: `USER %d:%d` leaves root's group too.", want, want))
		}
	}
	return nil
}

func cmdDeclares(s *session, _ bool, args []string) error {
	right := func(port string) bool { return port == args[0]+"/tcp" }
	sample(s, "declares", samplePorts, right)
	img, err := s.files()
	if err != nil {
		return err
	}
	found, others := false, []string{}
	for port := range img.Config.ExposedPorts {
		if right(port) {
			found = true
		} else {
			others = append(others, port)
		}
	}
	if !found {
		got := "the image declares no port"
		if len(others) > 0 {
			got = "the image declares " + strings.Join(others, ", ")
		}
		return s.fail("the image to declare port "+args[0]+"/tcp", got,
			"EXPOSE opens nothing; it tells people and `docker run -P` which port the service listens on when PORT is not set.", s.bench.LineOf("EXPOSE"))
	}
	if len(others) > 0 {
		s.advice = append(s.advice, "The image also declares "+strings.Join(others, ", ")+", on which nothing listens by default.")
	}
	return nil
}

func cmdTerminate(s *session, _ bool, _ []string) error {
	c, err := s.running()
	if err != nil {
		return err
	}
	stopped, err := c.Stop(s.ctx)
	if err != nil {
		return err
	}
	switch {
	case stopped.Killed:
		return s.fail("the container to stop by itself after SIGTERM", fmt.Sprintf("it was still running after %s and was killed (status %d)", containerrun.StopLimit, stopped.ExitCode),
			"docker stop sends SIGTERM to process 1 and kills after ten seconds. Process 1 here is not the service: a shell (ENTRYPOINT or CMD in the shell form) or a wrapper that does not pass signals on.", s.bench.LineOf("ENTRYPOINT", "CMD"))
	case stopped.ExitCode != 0:
		return s.fail("the container to end with status 0 after SIGTERM", fmt.Sprintf("it ended with status %d\n%s", stopped.ExitCode, stopped.Log),
			"The service ends with 0 when SIGTERM reaches it and it could finish its work. Another status comes from whatever was process 1 instead.", s.bench.LineOf("ENTRYPOINT", "CMD", "STOPSIGNAL"))
	}
	return nil
}
