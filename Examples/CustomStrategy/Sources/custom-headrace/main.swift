import BoundedAffinity
import HeadraceKit

try Headrace.register(strategy: "bounded_affinity") { BoundedAffinity() }
Headrace.main()
