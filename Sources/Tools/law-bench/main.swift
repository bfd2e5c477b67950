// law-bench: what a law check, a program's kernel call and a switch between programs cost, beside Linux's own. Prints
// `name nanoseconds` lines; bench/law.py repeats and reports them.

for rules in [10, 10_000] { try measureChecks(rules: rules) }
try measureKernelCall()
measureLinuxCall()
try measureSwitch()
try measureLinuxRoundTrip()
