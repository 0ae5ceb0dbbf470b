#![doc = "Caravan api."]
