# Whoever is affirming in every part may have the secret: hardware, configuration and executables of the CPU, and
# every device that came along. CoCo's sample evidence proves nothing, whoever calls it affirming. (Under a simulated root
# that the configuration names, `sample` has the root's name.)
package policy

import rego.v1

default allow := false

allow if {
	count(input.submods) > 0
	every submod in input.submods {
		submod["ear.status"] == "affirming"
		not sample(submod)
	}
}

sample(submod) if {
	said := submod["ear.veraison.annotated-evidence"].sample
	not said.root
}

sample(submod) if submod["ear.veraison.annotated-evidence"].sampledevice
