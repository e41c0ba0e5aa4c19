/// A static file of the demo, cacheable, so that there is something for a route of its own.
enum DemoLogo {
  static let response = LocalResponse(
    status: 200,
    headers: [
      LocalField("Content-Type", "image/svg+xml"),
      LocalField("Cache-Control", "public, max-age=60"),
    ],
    body: Array(svg.utf8))

  private static let svg = """
    <svg xmlns="http://www.w3.org/2000/svg" width="96" height="96" viewBox="0 0 96 96">
      <rect width="96" height="96" rx="20" fill="#0b3d5c"/>
      <g fill="none" stroke="#7fd4ff" stroke-width="8" stroke-linecap="round">
        <path d="M14 34c12-12 22 12 34 0s22 12 34 0"/>
        <path d="M14 62c12-12 22 12 34 0s22 12 34 0"/>
      </g>
    </svg>

    """
}
