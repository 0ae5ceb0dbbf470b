//! Job titles. Each group holds titles by which one of the ten personas is recognised, and others beside them that no
//! persona names exactly; so both a match and a near miss occur.

pub(super) struct Job {
    pub title: &'static str,
    pub department: &'static str,
}

/// The titles of people at one level, and how frequent they are.
pub(super) struct Level {
    pub weight: u64,
    pub jobs: &'static [Job],
}

const fn job(title: &'static str, department: &'static str) -> Job {
    Job { title, department }
}

#[rustfmt::skip]
pub(super) const LEVELS: [Level; 10] = [
    Level { weight: 6, jobs: &[
        job("CEO", "Management"), job("CIO", "IT"), job("CTO", "Engineering"), job("CMO", "Marketing"), job("CFO", "Finance"),
        job("Executive Vice President of Strategy", "Management"), job("Chief Procurement Officer", "Procurement"),
        job("Chief Data Officer", "IT"), job("Chief Executive Officer", "Management"),
    ] },
    Level { weight: 8, jobs: &[
        job("SVP of Marketing", "Marketing"), job("VP of Sales", "Sales"), job("SVP of Operations", "Operations"),
        job("VP of Product", "Product"), job("VP of IT", "IT"), job("VP Engineering", "Engineering"), job("VP of Finance", "Finance"),
    ] },
    Level { weight: 11, jobs: &[
        job("Director of Engineering", "Engineering"), job("Senior Director of Product", "Product"), job("Director of Finance", "Finance"),
        job("Director of Customer Success", "Customer Success"), job("Director of Purchasing", "Procurement"),
    ] },
    Level { weight: 18, jobs: &[
        job("Senior Marketing Manager", "Marketing"), job("IT Manager", "IT"), job("Operations Manager", "Operations"),
        job("Sales Manager", "Sales"), job("HR Manager", "Human Resources"), job("Plant Manager", "Operations"),
        job("Head of IT", "IT"),
    ] },
    Level { weight: 17, jobs: &[
        job("Account Executive", "Sales"), job("Software Engineer", "Engineering"), job("Marketing Specialist", "Marketing"),
        job("Customer Success Representative", "Customer Success"), job("Technician", "Operations"),
    ] },
    Level { weight: 11, jobs: &[
        job("Business Analyst", "Operations"), job("Data Analyst", "IT"), job("Market Research Analyst", "Marketing"),
        job("Financial Analyst", "Finance"), job("Operations Analyst", "Operations"), job("Controller", "Finance"),
    ] },
    Level { weight: 12, jobs: &[
        job("Front-End Developer", "Engineering"), job("Back-End Developer", "Engineering"), job("Full-Stack Developer", "Engineering"),
        job("Mobile App Developer", "Engineering"), job("DevOps Engineer", "IT"), job("Site Reliability Engineer", "IT"),
    ] },
    Level { weight: 10, jobs: &[
        job("HR Specialist", "Human Resources"), job("Legal Counsel", "Legal"), job("Compliance Officer", "Legal"),
        job("Project Manager", "Operations"), job("Procurement Specialist", "Procurement"), job("Paralegal", "Legal"),
    ] },
    Level { weight: 4, jobs: &[
        job("Management Consultant", ""), job("IT Consultant", "IT"), job("Business Process Consultant", ""), job("Marketing Consultant", "Marketing"),
    ] },
    Level { weight: 3, jobs: &[
        job("Industry Specialist", ""), job("Independent Advisor", ""), job("Freelance Consultant", ""), job("Subject Matter Expert", ""),
        job("Intern", ""),
    ] },
];
