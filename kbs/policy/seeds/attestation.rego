package policy

import rego.v1

default hardware := 97

hardware := 2 if {
	input.snp.svn >= query_reference_value("svn")
}

else := 3 if {
	"ab" in query_reference_value("digests")
}

trust_claims := {"hardware": hardware, "executables": executables}

executables := 3 if every digest in digests { startswith(digest, "a") }

digests := [digest | digest := input.snp[_]]

extensions := [{"name": "a", "key": -18, "value": object.union_n([{"b": count(digests)}, {}])}]
