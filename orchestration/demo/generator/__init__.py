"""The generator of the demo company.

Belongs here: one module per part of the company (`world`, `funnel`, `opportunities`, `web`,
`marketing`, `activities`), the rates that drive them (`rates`), the exports in the shape that
vendors give them (`export_*`), and the truth beside them (`truth`). Does not belong here:
anything that reads a company; the pipeline treats the demo as any other one.
"""
