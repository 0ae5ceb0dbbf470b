#![doc = "Caravan engine."]
