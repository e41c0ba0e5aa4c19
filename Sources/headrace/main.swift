import HeadraceKit

Headrace.main()
