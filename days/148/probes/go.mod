// A module of its own only so that the probes can be vetted and read by an editor where they are stored. A check
// copies a probe's main.go into the learner's module and compiles it there, without this file.
module example.com/day148/probes

go 1.26

require example.com/day148 v0.0.0

replace example.com/day148 => ../../../exercises/148
