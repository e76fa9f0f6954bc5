"""Which kinds of vehicles are there? Their numbers, and which carry freight."""

KINDS = ("commuter", "shift", "shopper", "trucker", "bus", "occasional", "school", "rental", "haulier", "tour")
COMMUTER, SHIFT, SHOPPER, TRUCKER, BUS, OCCASIONAL, SCHOOL, RENTAL, HAULIER, TOUR = range(10)
FREIGHT = (TRUCKER, HAULIER)  # a haulier draws cars on trailers that are new at every trip; a bus keeps a timetable
