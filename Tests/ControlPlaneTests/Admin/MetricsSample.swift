@testable import ControlPlane

extension MetricsReport {
  /// A report with the given number of routes, a pool and a backend each, all with traffic.
  static func sample(routes count: Int) -> MetricsReport {
    var report = MetricsReport()
    report.version = "0.1.0"
    report.uptimeSeconds = 12.5
    report.residentBytes = 9_437_184
    report.durationBounds = [0.005, 0.1, 1, 10]
    report.workers = [Worker(), Worker()]
    report.workers[1].clientConnections = 3
    for index in 0..<count {
      var route = Route(name: "route-\(index)")
      route.requestsByClass = [1, 0, 20, 3, 4, 5]
      route.durationBuckets = [10, 5, 2, 0, 1]
      route.durationSumSeconds = 3.25
      report.routes.append(route)
      var pool = Pool(name: "pool-\(index)")
      pool.requestsByClass = route.requestsByClass
      pool.durationBuckets = route.durationBuckets
      report.pools.append(pool)
      var backend = Backend(pool: pool.name, address: "127.0.0.1:\(3000 + index)")
      backend.requestsByClass = route.requestsByClass
      backend.durationBuckets = route.durationBuckets
      report.backends.append(backend)
      var cache = Cache(name: "cache-\(index)")
      cache.hits = 20
      cache.evictions = 3
      cache.usedBytes = 131_072
      report.caches.append(cache)
      var certificate = Certificate(file: "/etc/certs/\(index).pem", name: "\(index).example")
      certificate.listener = ":443"
      certificate.notAfter = 1_800_000_000
      report.certificates.append(certificate)
    }
    return report
  }
}
